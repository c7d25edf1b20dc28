/** Which keys an application reads: counted in bounded memory, lossy, never in a reader's way. */
@org.jspecify.annotations.NullMarked
package dev.hearth.client.access;
