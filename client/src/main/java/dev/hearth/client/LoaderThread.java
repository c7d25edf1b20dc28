package dev.hearth.client;

import java.util.Optional;

/**
 * Runs loaders, and knows whether the calling thread is inside one.
 *
 * <p>A loader may read other keys. If it waited there for a flight of another thread whose loader
 * waits for the first, both would wait for ever. So a thread inside a loader joins no flight, of
 * whichever cache: then nobody waits who is waited for, and no circle can close.
 */
final class LoaderThread {
  // The only static state of the module: the circle may pass through several caches.
  private static final ThreadLocal<Boolean> INSIDE = ThreadLocal.withInitial(() -> false);

  private LoaderThread() {}

  static boolean isInside() {
    return INSIDE.get();
  }

  @SuppressWarnings("OptionalAssignedToNull") // an application without null checks may return it
  static <V> Optional<V> load(String cache, String key, Loader<V> loader, LoadContext context) {
    boolean nested = INSIDE.get();
    INSIDE.set(true);
    try {
      Optional<V> loaded = loader.load(key, context);
      if (loaded == null) {
        throw new IllegalStateException(
            "the loader of cache "
                + cache
                + " returned null for key \""
                + key
                + "\"; expected Optional.empty() where there is no row");
      }
      return loaded;
    } catch (RuntimeException e) {
      throw e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed(cache, key, e);
    } catch (Exception e) {
      throw failed(cache, key, e);
    } finally {
      if (!nested) {
        INSIDE.remove();
      }
    }
  }

  private static LoaderException failed(String cache, String key, Exception cause) {
    return new LoaderException(
        "the loader of cache " + cache + " failed for key \"" + key + "\": " + cause, cause);
  }
}
