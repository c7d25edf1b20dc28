/** The fenced entry in Redis. */
@org.jspecify.annotations.NullMarked
package dev.hearth.store.redis;
