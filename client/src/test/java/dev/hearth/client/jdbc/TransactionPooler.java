package dev.hearth.client.jdbc;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What a transaction pooler does to its clients, on PostgreSQL's wire: each transaction of a
 * session goes to the next server. A server answers a Sync or a simple query with ReadyForQuery,
 * which says whether a transaction is open; while none is, the next one may go elsewhere. For
 * clients without TLS that cancel nothing and prepare no named statements.
 *
 * <p>An empty query counts as no transaction: a pool asks one whether a connection lives, only when
 * it was idle for a while, and so would lead the next to another server on a slow machine.
 */
final class TransactionPooler implements AutoCloseable {
  private static final char READY_FOR_QUERY = 'Z';
  private static final char QUERY = 'Q';
  private static final char PARSE = 'P';
  private static final char SYNC = 'S';
  private static final char TERMINATE = 'X';
  private static final byte IDLE = 'I';

  private final List<Integer> serverPorts;
  private final ServerSocket listener;
  private final AtomicInteger transactions = new AtomicInteger();

  TransactionPooler(Integer... serverPorts) throws IOException {
    this.serverPorts = List.of(serverPorts);
    this.listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    inBackground(this::accept);
  }

  String jdbcUrl() {
    return "jdbc:postgresql://127.0.0.1:"
        + listener.getLocalPort()
        + "/postgres?sslmode=disable&gssEncMode=disable&prepareThreshold=0";
  }

  /** The next transaction, of whichever session, goes to this server, the one after it further. */
  void continueAt(int server) {
    transactions.set(server);
  }

  private interface Work {
    void run() throws IOException;
  }

  private static void inBackground(Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (IOException e) {
                // The other side hung up, or the pooler is closed.
              }
            },
            "transaction-pooler");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() throws IOException {
    while (true) {
      Socket client = listener.accept();
      inBackground(() -> serve(client));
    }
  }

  /** One session of the client, and behind it one on each server. */
  private void serve(Socket socket) throws IOException {
    List<Peer> servers = new ArrayList<>();
    try (Peer client = new Peer(socket)) {
      byte[] startup = new byte[client.in.readInt() - Integer.BYTES];
      client.in.readFully(startup);
      for (int port : serverPorts) {
        Peer server = new Peer(new Socket(InetAddress.getLoopbackAddress(), port));
        servers.add(server);
        server.out.writeInt(startup.length + Integer.BYTES);
        server.out.write(startup);
        server.out.flush();
      }
      for (Peer server : servers) {
        server.passUntilReady(server == servers.get(0) ? client : null);
      }
      boolean open = false;
      Peer server = servers.get(0);
      while (true) {
        Message message = client.read();
        if (message.type == TERMINATE) {
          return;
        }
        if (!open) {
          int turn = message.isEmptyQuery() ? transactions.get() : transactions.getAndIncrement();
          server = servers.get(turn % servers.size());
          open = true;
        }
        server.write(message);
        if (message.type == SYNC || message.type == QUERY) {
          server.out.flush();
          open = server.passUntilReady(client) != IDLE;
        }
      }
    } finally {
      for (Peer server : servers) {
        server.close();
      }
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }

  private record Message(char type, byte[] body) {
    /** A text that ends at once; a Parse has the name of its statement before it, here none. */
    boolean isEmptyQuery() {
      return (type == QUERY && body[0] == 0) || (type == PARSE && body[0] == 0 && body[1] == 0);
    }
  }

  private record Peer(Socket socket, DataInputStream in, DataOutputStream out)
      implements AutoCloseable {
    Peer(Socket socket) throws IOException {
      this(
          socket,
          new DataInputStream(new BufferedInputStream(socket.getInputStream())),
          new DataOutputStream(new BufferedOutputStream(socket.getOutputStream())));
    }

    Message read() throws IOException {
      char type = (char) in.readUnsignedByte();
      byte[] body = new byte[in.readInt() - Integer.BYTES];
      in.readFully(body);
      return new Message(type, body);
    }

    void write(Message message) throws IOException {
      out.writeByte(message.type);
      out.writeInt(message.body.length + Integer.BYTES);
      out.write(message.body);
    }

    /** Passes on what this server answers; returns the state of its transaction. */
    byte passUntilReady(@Nullable Peer client) throws IOException {
      while (true) {
        Message answer = read();
        if (client != null) {
          client.write(answer);
        }
        if (answer.type == READY_FOR_QUERY) {
          if (client != null) {
            client.out.flush();
          }
          return answer.body[0];
        }
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
