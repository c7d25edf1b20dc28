package dev.hearth.store.redis;

import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.async.RedisScriptingAsyncCommands;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The scripts of the protocol. Readers call them by digest, and send the text where the server does
 * not know one (restarted, flushed). {@code pcall} because under any key may stand a list that
 * somebody else put there: it counts as no cell and as no record, and is overwritten like one.
 */
enum RedisScript {
  /**
   * KEYS: cell, meta. ARGV: marker, milliseconds, the void cell that may be overwritten or "".
   * Returns {1 if the marker was put, the cell found or "", the meta record or "", 1 if no bytes or
   * something else than bytes stood where the cell belongs}.
   */
  ACQUIRE(
      """
      local meta = redis.pcall('GET', KEYS[2])
      if type(meta) ~= 'string' then
        meta = ''
      end
      local cell = redis.pcall('GET', KEYS[1])
      local foreign = 0
      if type(cell) ~= 'string' or cell == '' then
        foreign = cell and 1 or 0
        cell = ''
      end
      local granted = 0
      if meta ~= '' and cell == ARGV[3] then
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        granted = 1
      end
      return {granted, cell, meta, foreign}
      """,
      ScriptOutputType.MULTI),

  /** KEYS: cell. ARGV: marker, entry, milliseconds. Returns 1 if stored. */
  FILL(
      """
      if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then
        return 0
      end
      redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
      return 1
      """,
      ScriptOutputType.INTEGER),

  /** KEYS: cell. ARGV: marker. Returns 1 if it was there, and so removed. */
  RELEASE(
      """
      if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then
        return 0
      end
      redis.call('DEL', KEYS[1])
      return 1
      """,
      ScriptOutputType.INTEGER),

  /** KEYS: meta. ARGV: expected record or "", next record. Returns 1 if replaced. */
  REPLACE_META(
      """
      local meta = redis.pcall('GET', KEYS[1])
      if type(meta) ~= 'string' then
        meta = ''
      end
      if meta ~= ARGV[1] then
        return 0
      end
      redis.call('SET', KEYS[1], ARGV[2])
      return 1
      """,
      ScriptOutputType.INTEGER),

  /**
   * A slot's part of a round, whole or not at all. KEYS: meta, cells to delete. ARGV: expected
   * record or "", next record. Returns 1 if replaced; the cells are deleted in any case. A thousand
   * at a time, because Lua's stack holds some 8,000.
   */
  APPLY(
      """
      for first = 2, #KEYS, 1000 do
        redis.call('UNLINK', unpack(KEYS, first, math.min(first + 999, #KEYS)))
      end
      local meta = redis.pcall('GET', KEYS[1])
      if type(meta) ~= 'string' then
        meta = ''
      end
      if meta ~= ARGV[1] then
        return 0
      end
      redis.call('SET', KEYS[1], ARGV[2])
      return 1
      """,
      ScriptOutputType.INTEGER);

  private final String text;
  private final String digest;
  private final ScriptOutputType output;

  RedisScript(String text, ScriptOutputType output) {
    this.text = text;
    this.digest = sha1(text);
    this.output = output;
  }

  String text() {
    return text;
  }

  /** SHA-1 of the text, in hexadecimal digits. */
  String digest() {
    return digest;
  }

  /**
   * Sends the text, so that the script runs in its place among other commands, whatever the server
   * knows.
   */
  <T> CompletionStage<T> inFull(
      RedisScriptingAsyncCommands<byte[], byte[]> redis, byte[][] keys, byte[]... arguments) {
    return redis.eval(text, output, keys, arguments);
  }

  <T> CompletionStage<T> call(
      RedisScriptingAsyncCommands<byte[], byte[]> redis, byte[][] keys, byte[]... arguments) {
    CompletionStage<T> first = redis.evalsha(digest, output, keys, arguments);
    return first
        .handle(
            (T result, Throwable failure) -> {
              if (failure == null) {
                return CompletableFuture.completedStage(result);
              }
              if (!isUnknown(failure)) {
                return CompletableFuture.<T>failedStage(failure);
              }
              return this.<T>inFull(redis, keys, arguments);
            })
        .thenCompose(stage -> stage);
  }

  private static boolean isUnknown(Throwable failure) {
    return RedisFailures.cause(failure) instanceof RedisNoScriptException;
  }

  private static String sha1(String text) {
    try {
      // Redis names scripts by SHA-1; nothing secret rests on it.
      byte[] digest =
          MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-1", e);
    }
  }
}
