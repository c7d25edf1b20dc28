/** Traffic on the sample shop while somebody looks, and what is shown of it. */
@org.jspecify.annotations.NullMarked
package dev.hearth.cli.shop.demo;
