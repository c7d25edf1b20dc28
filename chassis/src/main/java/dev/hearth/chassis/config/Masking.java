package dev.hearth.chassis.config;

import java.util.regex.Pattern;

/**
 * Takes secrets out of text that people read. Generous: rather one value too many than one less.
 */
final class Masking {

  /** Up to the last @: passwords may hold slashes and colons, hosts hold no @. */
  private static final Pattern USER_INFO = Pattern.compile("^((?:jdbc:)?[a-zA-Z0-9+-]*:/*)?\\S*@");

  private static final Pattern PARAMETER =
      Pattern.compile("(?i)([?&;](?:[a-z.]*password|user|token|secret)=)[^&;]*");

  private static final Pattern SECRET_NAME =
      Pattern.compile("(?i).*(password|passwd|secret|token|credential|jaas|private|\\.key$).*");

  private Masking() {}

  /** {@code redis://:pw@host} becomes {@code redis://***@host}; so do the parameters of a URL. */
  static String address(String text) {
    String bare = USER_INFO.matcher(text).replaceFirst("$1" + Secret.MASK + "@");
    return PARAMETER.matcher(bare).replaceAll("$1" + Secret.MASK);
  }

  /** Whether a client property of this name holds a secret. */
  static boolean isSecretName(String name) {
    return SECRET_NAME.matcher(name).matches();
  }
}
