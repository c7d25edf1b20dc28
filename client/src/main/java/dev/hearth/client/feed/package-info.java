/** What the topics tell a client: how far the stream is, how old that is, what is void. */
@org.jspecify.annotations.NullMarked
package dev.hearth.client.feed;
