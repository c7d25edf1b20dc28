/** The fenced entry in Hazelcast. */
@org.jspecify.annotations.NullMarked
package dev.hearth.store.hazelcast;
