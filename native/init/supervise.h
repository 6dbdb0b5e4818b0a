#pragma once

namespace rooms::init {

// PID 1: puts the room together, starts processes when asked over the control socket, reaps, reports, and ends with its
// main process or with the socket, whichever comes first.
[[noreturn]] void Supervise();

}  // namespace rooms::init
