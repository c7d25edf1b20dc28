/** What a cached thing is called, and which partition it belongs to. */
@org.jspecify.annotations.NullMarked
package dev.hearth.schemas.key;
