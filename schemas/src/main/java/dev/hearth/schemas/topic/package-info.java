/** Each topic once, as a value: name, serdes, partitions, retention. */
@org.jspecify.annotations.NullMarked
package dev.hearth.schemas.topic;
