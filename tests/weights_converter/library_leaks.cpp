// libhdf5 does not free all that it took when a file turns out to be damaged. LeakSanitizer asks
// here for what to overlook.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libhdf5\n";
}
