#include "launch/run_request.h"

#include "launch/request.h"

namespace rooms::launch {

namespace {

void AddTexts(Request& request, const plan::Span<plan::Text>& texts) {
  for (plan::Text text : texts) request.AddText(text);
}

}  // namespace

bool SendRun(int control, uint32_t process, const plan::Process& plan, const plan::Span<plan::Rlimit>& limits,
             const Streams& streams, sys::Fault& fault) {
  Request request(init::RequestKind::kRun);
  request.header().process = process;
  request.header().terminal = plan.stdio.pty;
  for (const sys::UniqueFd& stream : streams.room) request.AddFd(stream.get());
  init::Program program{};
  program.argc = static_cast<uint32_t>(plan.argv.size);
  program.envc = static_cast<uint32_t>(plan.env.size);
  program.search_count = static_cast<uint32_t>(plan.search_path.size);
  program.group_count = static_cast<uint32_t>(plan.groups.size);
  program.limit_count = static_cast<uint32_t>(limits.size);
  program.uid = plan.uid;
  program.gid = plan.gid;
  program.capabilities = plan.capabilities;
  request.Add(program);
  for (const plan::Rlimit& limit : limits)
    request.Add(init::Limit{static_cast<uint32_t>(limit.resource), 0, limit.soft, limit.hard});
  request.AddBytes(plan.groups.data, plan.groups.size * sizeof(uint32_t));
  AddTexts(request, plan.argv);
  AddTexts(request, plan.env);
  AddTexts(request, plan.search_path);
  request.AddText(plan.cwd);
  return request.Send(control, fault);
}

bool SendSignal(int control, uint32_t process, int signal, sys::Fault& fault) {
  Request request(init::RequestKind::kSignal);
  request.header().process = process;
  request.header().signal = signal;
  return request.Send(control, fault);
}

}  // namespace rooms::launch
