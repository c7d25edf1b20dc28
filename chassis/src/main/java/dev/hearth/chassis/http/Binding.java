package dev.hearth.chassis.http;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.UnknownHostException;
import java.nio.channels.ServerSocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * Where a server listens, and the token it asks for.
 *
 * @param host a name or an address of this machine
 * @param port 0 to 65535; 0 takes a free one
 * @param token bearer token for calls that change something; null: there is none
 */
public record Binding(String host, int port, @Nullable String token) {

  private static final int FIRST_UNPRIVILEGED_PORT = 1024;

  /** Whether only this machine can connect. */
  boolean isLoopback() {
    InetAddress address = new InetSocketAddress(host, port).getAddress();
    return address != null && address.isLoopbackAddress();
  }

  /**
   * Listens.
   *
   * @throws BindException with one sentence for the user
   */
  ServerSocketChannel listen() throws IOException {
    InetAddress address = address();
    ServerSocketChannel channel = ServerSocketChannel.open();
    try {
      channel.bind(new InetSocketAddress(address, port));
      return channel;
    } catch (IOException failure) {
      channel.close();
      BindException sentence = new BindException(sentence());
      sentence.initCause(failure);
      throw sentence;
    }
  }

  private InetAddress address() throws IOException {
    InetAddress address;
    try {
      address = InetAddress.getByName(host);
    } catch (UnknownHostException failure) {
      throw new BindException(
          "http.host: '%s' is unknown; expected a name or address of this machine such as 127.0.0.1 or 0.0.0.0"
              .formatted(host));
    }
    if (!address.isAnyLocalAddress()
        && !address.isLoopbackAddress()
        && NetworkInterface.getByInetAddress(address) == null) {
      throw new BindException(
          "http.host: %s is no address of this machine; expected one such as 127.0.0.1 or 0.0.0.0"
              .formatted(host));
    }
    return address;
  }

  private String sentence() {
    return port > 0 && port < FIRST_UNPRIVILEGED_PORT
        ? "http.port: %d is in use, or not open to this user; choose a port from 1024"
            .formatted(port)
        : "http.port: %d is in use; stop what listens there or choose another".formatted(port);
  }

  @Override
  public String toString() {
    return "Binding[host=%s, port=%d]".formatted(host, port);
  }
}
