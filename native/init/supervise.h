#pragma once

namespace rooms::init {

// PID 1: starts processes when asked over the control socket, reaps, reports, and ends with its main process or with
// the socket, whichever comes first.
// `announce`: say so first.
[[noreturn]] void Supervise(bool announce);

}  // namespace rooms::init
