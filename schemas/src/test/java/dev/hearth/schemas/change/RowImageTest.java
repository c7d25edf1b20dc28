package dev.hearth.schemas.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RowImageTest {

  @Test
  void tellsSqlNullFromWhatIsNotKnown() {
    Map<String, @Nullable String> columns = new HashMap<>();
    columns.put("name", "cup");
    columns.put("note", null);

    RowImage image = new RowImage(columns);

    assertThat(image.knows("name")).isTrue();
    assertThat(image.value("name")).contains("cup");
    assertThat(image.knows("note")).isTrue();
    assertThat(image.value("note")).isEmpty();
    assertThat(image.knows("price")).isFalse();
    assertThat(image.value("price")).isEmpty();
  }

  @Test
  void isNotTouchedByWhatHappensToItsSource() {
    Map<String, @Nullable String> columns = new HashMap<>(Map.of("id", "1"));
    RowImage image = new RowImage(columns);

    columns.put("id", "2");

    assertThat(image).isEqualTo(new RowImage(Map.of("id", "1")));
    assertThatThrownBy(() -> image.columns().put("id", "3"))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void knowsNothingWhereNothingIsKnown() {
    assertThat(RowImage.UNKNOWN.columns()).isEmpty();
    assertThat(RowImage.UNKNOWN.knows("id")).isFalse();
  }
}
