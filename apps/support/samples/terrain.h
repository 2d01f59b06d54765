// Drawing the land around the sample landscape's lake.
#pragma once

#include "apps/support/samples/sunshine.h"
#include "apps/support/samples/view.h"

namespace gramgrad::apps::samples {

// Draws all land that the view sees, lit and veiled by the air.
void draw_terrain(View& view, const Sunshine& sunshine);

}  // namespace gramgrad::apps::samples
