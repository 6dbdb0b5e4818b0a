#pragma once

#include <napi.h>

#include "watch/event.h"

namespace rooms::bridge {

// types/event.d.ts NativeEvent.
Napi::Object EventObject(Napi::Env env, const watch::Event& event);

}  // namespace rooms::bridge
