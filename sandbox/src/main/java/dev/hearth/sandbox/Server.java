package dev.hearth.sandbox;

/** The servers a {@link Sandbox} can start. */
public enum Server {
  POSTGRES("PostgreSQL"),
  KAFKA("Kafka"),
  REDIS("Redis"),
  HAZELCAST("Hazelcast");

  private final String title;

  Server(String title) {
    this.title = title;
  }

  /** The name people know the server by. */
  public String title() {
    return title;
  }
}
