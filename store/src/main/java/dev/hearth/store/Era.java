package dev.hearth.store;

/**
 * What an entry must share with its meta record to be believed. A change of any part voids all
 * entries that were leased before it, without touching one of them.
 *
 * @param epoch of the source
 * @param incarnation of the store's memory: drawn at random when a delivery finds no meta record,
 *     so that whatever survived the loss of one is never believed again
 * @param generation of the cache
 */
public record Era(long epoch, long incarnation, long generation) {}
