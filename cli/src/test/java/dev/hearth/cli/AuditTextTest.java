package dev.hearth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AuditTextTest {
  private static final String CLEAN =
      "{'cache':'product','store':'redis','mode':'fenced','passes':1,'complete':true,"
          + "'checked':12345,'coherent':12344,'stale':0,'unsettled':1,'incomparable':0,"
          + "'suspected':0,'staleEntries':[]}";
  private static final String STALE =
      "{'cache':'product','store':'hazelcast','mode':'fenced','passes':1,'complete':true,"
          + "'checked':3,'coherent':1,'stale':2,'unsettled':0,'incomparable':4,'suspected':0,"
          + "'staleEntries':[{'key':'product:\\u001b[2J2','evidence':'entry with stamp 1:0/A'}]}";
  private static final String FAILED =
      "{'cache':'note','store':'redis','mode':'plain','passes':0,'complete':false,'checked':0,"
          + "'coherent':0,'stale':0,'unsettled':0,'incomparable':0,'suspected':0,"
          + "'staleEntries':[],'problem':'the store does not answer'}";

  @Test
  void showsEachPartAndNamesStaleEntries() {
    assertThat(AuditText.table(audit("done", 12348, 2, CLEAN, STALE)))
        .isEqualToNormalizingNewlines(
            """
            cache    store      mode        compared      stale  unsettled incomparable
            product  redis      fenced        12,345          0          1            0
            product  hazelcast  fenced             3          2          0            4

            STALE product:?[2J2 in hazelcast: entry with stamp 1:0/A
            and 1 more of cache product in hazelcast

            12,348 entries compared, of a sample of 1%: 2 STALE.
            """);
  }

  @Test
  void saysThatNothingIsStale() {
    assertThat(AuditText.table(audit("done", 12345, 0, CLEAN)))
        .endsWith(
            "12,345 entries compared, of a sample of 1%: none is stale." + System.lineSeparator());
    assertThat(AuditText.remarks(audit("done", 12345, 0, CLEAN)))
        .containsExactly(
            "Cache page is left out: it has no load query to compare entries with; add"
                + " caches.page.load");
  }

  @Test
  void saysWhatIsNotAsItMaySeem() {
    assertThat(AuditText.remarks(audit("failed", 3, 2, STALE, FAILED)))
        .contains(
            "Cache product in hazelcast: 4 entries cannot be compared; they are no JSON, or"
                + " caches.product.load does not answer for their keys.",
            "Cache product in hazelcast: stale entries must not be. Which change was missed? Next:"
                + " hearth why product:?[2J2 --cache product",
            "Cache note in redis could not be compared: the store does not answer");
    assertThat(
            AuditText.remarks(audit("done", 0, 0, CLEAN.replace("'checked':12345", "'checked':0"))))
        .contains(
            "Cache product in redis: nothing was compared, for it holds no entry that readers would"
                + " get.");
    assertThat(
            AuditText.remarks(
                audit("done", 5, 0, CLEAN.replace("'complete':true", "'complete':false"))))
        .contains(
            "Cache product in redis: the time was over before all of the sample was compared.");
    assertThat(
            AuditText.remarks(audit("done", 3, 2, STALE.replace("'fenced'", "'observe'"))).get(1))
        .contains("stale entries of an observed cache are what the application leaves");
  }

  @Test
  void showsHowItGoesOnOnOneLine() {
    assertThat(
            AuditText.progress(
                audit(
                    "running",
                    12345,
                    1,
                    CLEAN,
                    FAILED
                        .replace(",'problem':'the store does not answer'", "")
                        .replace("'suspected':0", "'suspected':7"))))
        .isEqualTo(
            "auditing cache note in redis: 12,345 entries compared, 1 stale, 7 differ and are"
                + " watched");
  }

  @ParameterizedTest
  @CsvSource({
    "done,0,0",
    "done,1,4",
    "failed,0,1",
    "failed,1,4",
    "cancelled,0,1",
    "running,0,3",
    "running,1,4"
  })
  void staleEntriesCountMoreThanWhatCouldNotBeCompared(String state, long stale, int status) {
    assertThat(AuditText.status(audit(state, 10, stale, CLEAN))).isEqualTo(status);
  }

  private static JsonNode audit(String state, long checked, long stale, String... parts) {
    try {
      return new ObjectMapper()
          .readTree(
              ("{'id':'a','state':'"
                      + state
                      + "','sample':0.01,'checked':"
                      + checked
                      + ",'stale':"
                      + stale
                      + ",'parts':["
                      + String.join(",", parts)
                      + "],'leftOut':['page']}")
                  .replace('\'', '"'));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
