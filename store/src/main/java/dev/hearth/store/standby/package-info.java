/**
 * Where a fill may read beside the primary: on a physical standby that has proven, in the
 * transaction of the read, that it sees every change the lease stands for. See {@link
 * dev.hearth.store.standby.StandbyReads}.
 */
@org.jspecify.annotations.NullMarked
package dev.hearth.store.standby;
