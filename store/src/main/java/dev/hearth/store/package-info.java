/** The fenced entry: the protocol in words, as a pure function, and as what stores must offer. */
@org.jspecify.annotations.NullMarked
package dev.hearth.store;
