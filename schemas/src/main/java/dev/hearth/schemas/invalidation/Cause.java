package dev.hearth.schemas.invalidation;

/**
 * Why a key was invalidated.
 *
 * @param row record key of the change: table and primary key
 * @param transaction 64 bit id of the transaction
 * @param rule path in the configuration, such as {@code rules[0].keys[1]}
 */
public record Cause(String table, String row, long transaction, String rule) {}
