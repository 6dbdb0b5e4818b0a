#pragma once

#include "bridge/fields.h"
#include "launch/room_job.h"
#include "launch/workshop.h"

namespace rooms::bridge {

// types/plan.d.ts, as JSON, → plan::Room and friends, on the JS thread. null (or false) with a mistake when the text is
// not what it should be.
std::unique_ptr<launch::PlannedRoom> ReadRoom(std::string_view text, plan::Bytes filter, bool strict,
                                              std::string& mistake);
std::unique_ptr<launch::PlannedRoom> ReadBlank(std::string_view text, std::string& mistake);
std::unique_ptr<launch::PlannedRoom> ReadLower(std::string_view text, std::string& mistake);
bool ReadProcess(std::string_view text, plan::Arena& arena, plan::Process& process, std::string& mistake);
bool ReadAnchor(std::string_view text, launch::AnchorPlan& plan, std::string& mistake);

}  // namespace rooms::bridge
