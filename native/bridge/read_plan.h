#pragma once

#include "bridge/fields.h"
#include "launch/room_job.h"
#include "launch/workshop.h"

namespace rooms::bridge {

// types/plan.d.ts → plan::Room and friends, on the JS thread. null (or false) with a mistake in `reading` when the
// value is not what it should be.
std::unique_ptr<launch::PlannedRoom> ReadRoom(Napi::Value value, bool strict, std::string& mistake);
std::unique_ptr<launch::PlannedRoom> ReadBlank(Napi::Value value, std::string& mistake);
std::unique_ptr<launch::PlannedRoom> ReadLower(Napi::Value value, std::string& mistake);
bool ReadProcess(Napi::Value value, plan::Arena& arena, plan::Process& process, std::string& mistake);
bool ReadAnchor(Napi::Value value, launch::AnchorPlan& plan, std::string& mistake);

}  // namespace rooms::bridge
