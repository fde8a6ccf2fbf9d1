/// What a transform asks of its host. component.c does it through the component's imports, testing/host.c for tests.
#ifndef MS_HOST_H
#define MS_HOST_H

#include "millstream/column.h"

void ms_host_log(uint8_t level, ms_bytes message);
void ms_host_count(uint32_t counter, uint64_t by);
/// The column's memory has to live until the call's arena is reset.
ms_column ms_host_table(uint32_t table, const ms_column *keys);

#endif
