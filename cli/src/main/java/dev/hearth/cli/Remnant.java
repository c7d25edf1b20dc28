package dev.hearth.cli;

import java.util.List;

/** What an installation has on one server. Not thread-safe. */
interface Remnant extends AutoCloseable {
  /**
   * What is there, one line each; empty where nothing is.
   *
   * @throws dev.hearth.chassis.StartupException if it cannot be told, or is still in use
   */
  List<String> find();

  /**
   * Removes what {@link #find} found; what is gone meanwhile is no failure.
   *
   * @throws dev.hearth.chassis.StartupException if the server refuses
   */
  void remove();

  @Override
  void close();
}
