// gramgrad: neural style transfer from the command line.
#include "apps/command_line.h"

int main(int count, char** arguments) {
  return gramgrad::apps::run_program(count, arguments);
}
