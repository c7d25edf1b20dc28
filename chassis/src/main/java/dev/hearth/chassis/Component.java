package dev.hearth.chassis;

/**
 * A part of a service that runs from {@link #start} to {@link #close}; one {@link Lifecycle} calls
 * both, never at the same time and each at most once.
 */
public interface Component {

  /** What logs and messages call it; not empty, unique within its service. */
  String name();

  /**
   * Returns once it runs.
   *
   * @throws StartupException when the user can mend what is wrong; {@link
   *     dev.hearth.chassis.config.ConfigException} where it is the configuration
   * @throws Exception when it did not start; it has then freed what it took, for nobody closes it
   */
  void start() throws Exception;

  /** Returns once it has stopped and freed what it took; called only after a successful start. */
  void close() throws Exception;

  /** One half of a component, for {@link #of}. */
  @FunctionalInterface
  interface Step {
    /** Does it; any exception counts as a failure of this half. */
    void run() throws Exception;
  }

  /** A component made of two steps. */
  static Component of(String name, Step start, Step close) {
    return new Component() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public void start() throws Exception {
        start.run();
      }

      @Override
      public void close() throws Exception {
        close.run();
      }
    };
  }
}
