/** Reaching the broker: what every client is told, and topics that exist before they are used. */
@NullMarked
package dev.hearth.chassis.kafka;

import org.jspecify.annotations.NullMarked;
