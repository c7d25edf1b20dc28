/** HTTP: one small server, its bearer token, and problems as RFC 9457 says them. */
@NullMarked
package dev.hearth.chassis.http;

import org.jspecify.annotations.NullMarked;
