#pragma once

namespace rooms::init {

// The terminal of the command, whose session room-init leads. When the leader of a session ends, the kernel hangs up
// its terminal and throws away what the other side has not read yet (tty_ldisc_hangup); a leader that lets go of the
// terminal first loses nothing. So the leader must be somebody who outlives the command.
class Terminal {
 public:
  // False when there is no leading it; the process then leads a session of its own.
  bool Lead(int fd);

  // The other side closed it. What a leader hears is passed on, as a shell does.
  void HangUp(long process);

  void Leave();

 private:
  int fd_ = -1;
};

}  // namespace rooms::init
