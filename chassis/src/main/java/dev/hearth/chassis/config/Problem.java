package dev.hearth.chassis.config;

/**
 * One thing that is wrong with a configuration.
 *
 * @param path where, such as {@code caches.product.ttl} or {@code rules[1].keys[0]}
 * @param message what was found, what is expected, what to do; never a secret
 */
public record Problem(String path, String message) {
  @Override
  public String toString() {
    return path + ": " + message;
  }
}
