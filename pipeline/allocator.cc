// How the programs use jemalloc, which reads this when it is loaded. The variable MALLOC_CONF overrides it.
//
// States come and go by the thousand while an epoch is packed: glibc's own allocator takes a tenth more CPU for it and
// keeps what was freed in pieces that fit nothing.

// Each further arena holds more that is free. What was freed goes back to the system after a second: parcels come again
// sooner than that.
extern "C" const char* malloc_conf;
const char* malloc_conf = "narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0";
