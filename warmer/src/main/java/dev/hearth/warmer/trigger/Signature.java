package dev.hearth.warmer.trigger;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The signature of a webhook's body, as GitHub writes it into {@code X-Hub-Signature-256}: {@code
 * sha256=} and the HMAC-SHA256 of the raw body in hexadecimal digits. Pure.
 */
final class Signature {
  static final String HEADER = "X-Hub-Signature-256";

  private static final String ALGORITHM = "HmacSHA256";
  private static final String PREFIX = "sha256=";
  private static final int BYTES = 32;

  private Signature() {}

  /** The header's value for a body. */
  static String of(byte[] secret, byte[] body) {
    return PREFIX + HexFormat.of().formatHex(mac(secret, body));
  }

  /**
   * Whether a header signs the body; compared in a time that tells nothing of where they differ.
   */
  static boolean isOf(byte[] secret, byte[] body, String header) {
    return digits(header)
        .map(given -> MessageDigest.isEqual(mac(secret, body), given))
        .orElse(false);
  }

  private static Optional<byte[]> digits(String header) {
    if (!header.startsWith(PREFIX) || header.length() != PREFIX.length() + 2 * BYTES) {
      return Optional.empty();
    }
    try {
      return Optional.of(HexFormat.of().parseHex(header.substring(PREFIX.length())));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static byte[] mac(byte[] secret, byte[] body) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(secret, ALGORITHM));
      return mac.doFinal(body);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has " + ALGORITHM, e);
    }
  }
}
