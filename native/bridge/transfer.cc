#include "bridge/transfer.h"

#include <errno.h>

#include "bridge/arguments.h"
#include "bridge/fault.h"
#include "bridge/read_text.h"

namespace rooms::bridge {

namespace {

// Numbers of JavaScript are whole up to here.
constexpr int64_t kMostBytes = (1LL << 53) - 1;

bool ReadOrder(std::string_view text, copy::Order& order, std::string& mistake) {
  plan::Arena arena;
  return ReadText(text, "order", arena, true, mistake, [&order](Reading&, Fields& fields) {
    order.root = fields.Text("root");
    order.sha256 = fields.Flag("sha256");
    order.blake3 = fields.Flag("blake3");
    order.sparse = fields.Flag("sparse");
    order.past_cache = fields.Flag("pastCache");
    order.read_back = fields.Flag("readBack");
    order.share = fields.Flag("share");
    // They own strings, so they lie in the order and not in the arena.
    fields.List<char>("files", [&order](Fields& item, char&) {
      copy::FileOrder file;
      file.source = item.Text("source");
      file.target = item.Text("target");
      file.expected = item.Text("expected");
      file.mode = static_cast<uint32_t>(item.Integer("mode", 0, 0777));
      file.offset = static_cast<uint64_t>(item.Integer("offset", 0, kMostBytes));
      file.length = static_cast<uint64_t>(item.IntegerOrNull("length", 0, kMostBytes, -1));
      file.continues = item.Flag("continues");
      order.files.push_back(std::move(file));
    });
  });
}

const char* NameOf(copy::ReadBackResult result) {
  if (result == copy::ReadBackResult::kNone) return "";
  return result == copy::ReadBackResult::kSame ? "same" : "other";
}

Napi::Value ResultsOf(Napi::Env env, const copy::Transfer& transfer) {
  const auto& results = transfer.results();
  Napi::Array list = Napi::Array::New(env, results.size());
  for (uint32_t i = 0; i < results.size(); ++i) {
    Napi::HandleScope scope(env);
    Napi::Object object = Napi::Object::New(env);
    object.Set("size", static_cast<double>(results[i].size));
    object.Set("sha256", results[i].sha256);
    object.Set("blake3", results[i].blake3);
    object.Set("version", results[i].version);
    object.Set("whole", results[i].whole);
    object.Set("readBack", NameOf(results[i].read_back));
    object.Set("shared", results[i].shared);
    object.Set("direct", results[i].direct);
    list.Set(i, object);
  }
  return list;
}

}  // namespace

Napi::Function Transfer::Define(Napi::Env env) {
  return DefineClass(env, "Transfer",
                     {InstanceMethod<&Transfer::Run>("run"), InstanceMethod<&Transfer::Progress>("progress"),
                      InstanceMethod<&Transfer::Cancel>("cancel")});
}

Transfer::Transfer(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Transfer>(info) {
  copy::Order order;
  std::string mistake;
  if (ReadOrder(Text(info, 0), order, mistake))
    transfer_ = std::make_shared<copy::Transfer>(std::move(order));
  else
    ThrowMistake(info.Env(), mistake);
}

Transfer::~Transfer() {
  if (queue_) queue_->Close();
  if (transfer_) transfer_->Cancel();
  thread_.Join();
}

Napi::Value Transfer::Run(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!transfer_ || queue_) return ThrowMistake(env, "run: a transfer runs once"), env.Undefined();
  queue_ = EventQueue::Open(env, [](Napi::Env, const watch::Event&) {});
  if (!queue_) return ThrowMistake(env, "the environment is being torn down"), env.Undefined();
  auto deferred = Napi::Promise::Deferred::New(env);
  int error = thread_.Start([this, transfer = transfer_, queue = queue_, deferred] {
    sys::Fault fault;
    transfer->Run(fault);
    watch::Event done{watch::EventType::kAnswer};
    done.answer = [this, transfer, queue, deferred, fault] {
      Napi::Env env = deferred.Env();
      if (fault.error)
        deferred.Reject(FaultError(env, fault).Value());
      else
        deferred.Resolve(ResultsOf(env, *transfer));
      queue->Release(env);
      queue->Close();
      thread_.Join();
      Unref();
    };
    queue->Post(std::move(done));
  });
  if (error) {
    sys::Fault fault;
    sys::Fail(fault, "copy.thread", "pthread_create", error);
    queue_->Close();
    deferred.Reject(FaultError(env, fault).Value());
    return deferred.Promise();
  }
  queue_->Hold(env);
  // Nobody else may hold this object while it runs.
  Ref();
  return deferred.Promise();
}

Napi::Value Transfer::Progress(const Napi::CallbackInfo& info) {
  Napi::Object progress = Napi::Object::New(info.Env());
  progress.Set("bytes", static_cast<double>(transfer_ ? transfer_->bytes() : 0));
  progress.Set("verified", static_cast<double>(transfer_ ? transfer_->verified() : 0));
  progress.Set("file", static_cast<double>(transfer_ ? transfer_->file() : 0));
  return progress;
}

void Transfer::Cancel(const Napi::CallbackInfo&) {
  if (transfer_) transfer_->Cancel();
}

}  // namespace rooms::bridge
