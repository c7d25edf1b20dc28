package dev.hearth.client.access;

/** The recorder that records nothing. */
enum Nobody implements AccessRecorder {
  INSTANCE;

  @Override
  public void hit(String cache, String key) {}

  @Override
  public void miss(String cache, String key, long loadNanos) {}
}
