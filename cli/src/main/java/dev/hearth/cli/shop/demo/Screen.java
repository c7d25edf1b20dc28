package dev.hearth.cli.shop.demo;

import java.io.PrintStream;

/**
 * What a person sees: sentences, and on a terminal one line that is written over. Off a terminal
 * the line comes seldom and stays, and comes whole. Thread-safe.
 */
public final class Screen {
  private static final String BETWEEN = "  ";
  private static final long SELDOM_NANOS = 5_000_000_000L;

  private final PrintStream out;
  private final int width;
  private boolean lineOpen;
  private long lastNanos = System.nanoTime() - SELDOM_NANOS;

  /**
   * @param width columns of the terminal; 0: there is none
   */
  public Screen(PrintStream out, int width) {
    this.out = out;
    this.width = width;
  }

  public synchronized void say(String sentence) {
    endLine();
    out.println(sentence);
  }

  /**
   * Shows the state of things.
   *
   * @param parts of the line, what matters most first; on a terminal those that fit, for a line
   *     that wraps cannot be written over
   */
  public synchronized void status(String... parts) {
    String line = String.join(BETWEEN, parts);
    if (width > 0) {
      out.print("\r\u001b[2K" + fitted(parts));
      out.flush();
      lineOpen = true;
    } else if (System.nanoTime() - lastNanos >= SELDOM_NANOS) {
      lastNanos = System.nanoTime();
      out.println(line);
    }
  }

  private String fitted(String... parts) {
    int most = Math.max(1, width - 1);
    StringBuilder line =
        new StringBuilder(parts[0].substring(0, Math.min(most, parts[0].length())));
    for (int i = 1; i < parts.length; i++) {
      if (line.length() + BETWEEN.length() + parts[i].length() > most) {
        break;
      }
      line.append(BETWEEN).append(parts[i]);
    }
    return line.toString();
  }

  public synchronized void endLine() {
    if (lineOpen) {
      out.println();
      lineOpen = false;
    }
  }
}
