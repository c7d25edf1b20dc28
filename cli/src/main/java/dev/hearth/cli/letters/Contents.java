package dev.hearth.cli.letters;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.codec.WireCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.message.BinaryMessageDecoder;

/** What a letter holds, as far as it can be made out, for people. Pure. */
public final class Contents {
  private static final int FEW_BYTES = 512;
  private static final ObjectMapper JSON = new ObjectMapper();

  private Contents() {}

  /** A record by its fields, a text, or bytes in hexadecimal digits, under the name of which. */
  public static Map<String, Object> of(DeadLetter letter) {
    if (letter.value().isEmpty()) {
      return Map.of("nothing", "the value is null");
    }
    byte[] bytes = letter.value().get();
    try {
      Object decoded = letter.decoded();
      return Map.of(decoded.getClass().getSimpleName(), fields(bytes));
    } catch (UnreadableRecordException | IOException e) {
      return text(bytes)
          .<Map<String, Object>>map(text -> Map.of("text", text))
          .orElseGet(() -> Map.of("bytes", hexadecimal(bytes)));
    }
  }

  private static Object fields(byte[] bytes) throws IOException {
    long fingerprint = ByteBuffer.wrap(bytes, 2, 8).order(ByteOrder.LITTLE_ENDIAN).getLong();
    Schema schema = WireCodec.instance().schema(fingerprint).orElseThrow();
    GenericRecord record =
        new BinaryMessageDecoder<GenericRecord>(new GenericData(), schema).decode(bytes);
    try {
      return JSON.readTree(record.toString());
    } catch (JsonProcessingException e) {
      return record.toString();
    }
  }

  private static Optional<String> text(byte[] bytes) {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      boolean readable = text.chars().noneMatch(each -> each < ' ' && each != '\n' && each != '\t');
      return readable && !text.isEmpty() ? Optional.of(text) : Optional.empty();
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }

  private static String hexadecimal(byte[] bytes) {
    String digits = HexFormat.of().formatHex(bytes, 0, Math.min(FEW_BYTES, bytes.length));
    return bytes.length > FEW_BYTES ? digits + "... (" + bytes.length + " bytes)" : digits;
  }
}
