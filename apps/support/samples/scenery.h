// What people built and what grows near: the things that make the sample landscape a place.
#pragma once

#include "apps/support/samples/view.h"

namespace gramgrad::apps::samples {

// The island's houses, church, trees and its bridge to the left shore.
void draw_village(View& view);

// A sailing boat on the lake.
void draw_boat(View& view);

// The bank at the camera's feet with grass, flowers and two spruces. Not for the mirrored view.
void draw_foreground(View& view);

}  // namespace gramgrad::apps::samples
