/** Values kept in the process, as long as the stream says that nothing has changed. */
@org.jspecify.annotations.NullMarked
package dev.hearth.client.near;
