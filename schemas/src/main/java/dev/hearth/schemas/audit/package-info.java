/** What a comparison of caches with the database found. */
@org.jspecify.annotations.NullMarked
package dev.hearth.schemas.audit;
