package dev.hearth.sandbox;

/**
 * A server of the sandbox, listening on 127.0.0.1. It can be stopped, killed and started again any
 * number of times, always on the same port and the same data. Safe for use by many threads.
 */
public interface Restartable {

  /** Which server this is. */
  Server server();

  /** The TCP port, the same for the whole life of the sandbox. */
  int port();

  /**
   * Starts the server and returns when it answers; does nothing when it runs.
   *
   * @throws SandboxException when it does not come up
   */
  void start();

  /**
   * Asks the server to end, and ends it by force when it takes long; does nothing when it is down.
   */
  void stop();

  /** Ends the server as a power cut would (SIGKILL); does nothing when it is down. */
  void kill();
}
