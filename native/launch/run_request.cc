#include "launch/run_request.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "init/protocol.h"
#include "sys/message.h"

namespace rooms::launch {

namespace {

template <typename T>
void Append(std::string& to, const T& value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void AppendTexts(std::string& to, const plan::Span<plan::Text>& texts) {
  for (plan::Text text : texts) to.append(text, strlen(text) + 1);
}

std::string BodyOf(const plan::Process& plan, const plan::Span<plan::Rlimit>& limits) {
  init::Body body{};
  body.argc = static_cast<uint32_t>(plan.argv.size);
  body.envc = static_cast<uint32_t>(plan.env.size);
  body.search_count = static_cast<uint32_t>(plan.search_path.size);
  body.group_count = static_cast<uint32_t>(plan.groups.size);
  body.limit_count = static_cast<uint32_t>(limits.size);
  body.uid = plan.uid;
  body.gid = plan.gid;
  body.capabilities = plan.capabilities;
  std::string bytes;
  bytes.reserve(1024);
  Append(bytes, body);
  for (const plan::Rlimit& limit : limits)
    Append(bytes, init::Limit{static_cast<uint32_t>(limit.resource), 0, limit.soft, limit.hard});
  for (uint32_t group : plan.groups) Append(bytes, group);
  AppendTexts(bytes, plan.argv);
  AppendTexts(bytes, plan.env);
  AppendTexts(bytes, plan.search_path);
  bytes.append(plan.cwd, strlen(plan.cwd) + 1);
  return bytes;
}

sys::UniqueFd InMemory(const std::string& bytes, sys::Fault& fault) {
  sys::UniqueFd memory(memfd_create("run", MFD_CLOEXEC));
  if (!memory) sys::Fail(fault, "run.request", "memfd_create", errno);
  for (size_t at = 0; memory && at < bytes.size();) {
    ssize_t count = write(memory.get(), bytes.data() + at, bytes.size() - at);
    if (count > 0) {
      at += static_cast<size_t>(count);
    } else {
      sys::Fail(fault, "run.request", "write", errno);
      memory.reset();
    }
  }
  return memory;
}

bool Send(int control, const init::Request& request, const int* fds, size_t count, sys::Fault& fault) {
  // EAGAIN: hundreds of requests wait already, because the room is frozen or busy dying.
  int sent = sys::SendMessage(control, &request, sizeof request, fds, count, MSG_DONTWAIT);
  return sent < 0 ? sys::Fail(fault, "run.request", "sendmsg", sent) : true;
}

}  // namespace

bool SendRun(int control, uint32_t process, const plan::Process& plan, const plan::Span<plan::Rlimit>& limits,
             const Streams& streams, sys::Fault& fault) {
  std::string bytes = BodyOf(plan, limits);
  sys::UniqueFd body = InMemory(bytes, fault);
  if (!body) return false;
  init::Request request{};
  request.kind = init::RequestKind::kRun;
  request.process = process;
  request.body_size = static_cast<uint32_t>(bytes.size());
  request.terminal = plan.stdio.pty;
  int fds[init::kRunFds];
  for (int i = 0; i < 3; ++i) fds[i] = streams.room[i].get();
  fds[init::kBody] = body.get();
  return Send(control, request, fds, init::kRunFds, fault);
}

bool SendSignal(int control, uint32_t process, int signal, sys::Fault& fault) {
  init::Request request{};
  request.kind = init::RequestKind::kSignal;
  request.process = process;
  request.signal = signal;
  return Send(control, request, nullptr, 0, fault);
}

}  // namespace rooms::launch
