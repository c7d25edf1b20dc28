package dev.hearth.warmer.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.key.KeyTemplate;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoadQueryTest {
  private static final KeyTemplate PRODUCT = KeyTemplate.parse("product:{id}");
  private static final KeyTemplate STOCK = KeyTemplate.parse("stock:{shop}:{sku}");

  @Test
  void findsTheParameterOfASimpleQuery() {
    LoadQuery query = LoadQuery.parse("select p.id from product p where p.id = any(:id)", PRODUCT);

    assertThat(query.sql()).isEqualTo("select p.id from product p where p.id = any(?)");
    assertThat(query.parameters()).containsExactly("id");
  }

  @Test
  void findsSeveralParametersAndLeavesTheirCastsAlone() {
    LoadQuery query =
        LoadQuery.parse(
            "select shop, sku from s where (shop, sku) in (select * from unnest(:shop::int[], :sku::text[]))",
            STOCK);

    assertThat(query.sql()).endsWith("unnest(?::int[], ?::text[]))");
    assertThat(query.parameters()).containsExactly("shop", "sku");
  }

  @Test
  void refusesAKeyFromWhichNoRowCanBeTold() {
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () ->
                LoadQuery.parse(
                    "select code from p where code = any(:code)",
                    KeyTemplate.parse("p:{code:lower}")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(
            "the values of the key \"p:{code:lower}\" cannot be told from it, so that no row could"
                + " be loaded for one");
  }

  @Test
  void mayUseAParameterTwice() {
    LoadQuery query =
        LoadQuery.parse(
            "select id from a where id = any(:id) union select id from b where id = any(:id)",
            PRODUCT);

    assertThat(query.parameters()).containsExactly("id", "id");
  }

  @Test
  void acceptsATrailingSemicolonAndDropsIt() {
    assertThat(LoadQuery.parse("select id from p where id = any(:id);\n ", PRODUCT).sql())
        .isEqualTo("select id from p where id = any(?)");
  }

  @Test
  void hidesAnOperatorThatTheDriverWouldTakeForAParameter() {
    assertThat(
            LoadQuery.parse("select id from p where tags ? 'a' and id = any(:id)", PRODUCT).sql())
        .isEqualTo("select id from p where tags ?? 'a' and id = any(?)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select ':no' as id from p where id = any(:id)",
        "select 'it''s :no' as id from p where id = any(:id)",
        "select E'\\':no' as id from p where id = any(:id)",
        "select e'a\\\\' as id, ':no' from p where id = any(:id)",
        "select \"weird:no\" as id from p where id = any(:id)",
        "select id -- and :no\n from p where id = any(:id)",
        "select id from p where id = any(:id) -- :no",
        "select id /* :no /* nested :no */ :no */ from p where id = any(:id)",
        "select $$ :no $$ as id from p where id = any(:id)",
        "select $tag$ $$ :no $tag$ as id from p where id = any(:id)",
        "select id::text from p where id = any(:id)",
        "select id :: text from p where id = any(:id)",
        "select arr[1:no] as id from p where id = any(:id)",
        "select arr[:no] as id from p where id = any(:id)",
        "select a$b$c as id, x$no$ from p where id = any(:id)",
        "select id, 1 : 2 from p where id = any(:id)",
        "select id from p where x := 3 and id = any(:id)",
      })
  void seesNoParameterWherePostgresWouldNot(String text) {
    assertThat(LoadQuery.parse(text, PRODUCT).parameters()).containsExactly("id");
    assertThat(LoadQuery.parse(text, PRODUCT).sql()).isEqualTo(text.replace(":id", "?"));
  }

  @Test
  void saysThatAQueryWithoutParameterWouldReadTheWholeTable() {
    assertThatThrownBy(() -> LoadQuery.parse("select id from product", PRODUCT))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "load has no parameter, so it would read the whole table; restrict it to the wanted"
                + " keys, such as \"where id = any(:id)\"");
  }

  @Test
  void saysWhichParameterIsNoKeyColumnAndWhatWasMeant() {
    assertThatThrownBy(() -> LoadQuery.parse("select id from p where id = any(:idd)", PRODUCT))
        .hasMessage(
            "load has the parameter :idd, which is no column of the key \"product:{id}\" (id); did"
                + " you mean :id?");
    assertThatThrownBy(() -> LoadQuery.parse("select 1 where 1 = any(:customer)", PRODUCT))
        .hasMessage(
            "load has the parameter :customer, which is no column of the key \"product:{id}\""
                + " (id); name parameters as the key's columns");
  }

  @Test
  void saysWhichKeyColumnHasNoParameter() {
    assertThatThrownBy(() -> LoadQuery.parse("select * from s where shop = any(:shop)", STOCK))
        .hasMessage(
            "load does not use :sku, a column of the key \"stock:{shop}:{sku}\", so it could not"
                + " tell its keys apart; restrict it by all of them, such as \"where (shop, sku) in"
                + " (select * from unnest(:shop::bigint[], :sku::bigint[]))\"");
  }

  @Test
  void saysWhatDoesNotEnd() {
    assertThatThrownBy(() -> LoadQuery.parse("select 'x from p where id = any(:id)", PRODUCT))
        .hasMessage("load has a string that does not end; close it with '");
    assertThatThrownBy(() -> LoadQuery.parse("select /* x from p where id = any(:id)", PRODUCT))
        .hasMessage("load has a comment that does not end; close it with */");
    assertThatThrownBy(() -> LoadQuery.parse("select $a$ x from p where id = any(:id)", PRODUCT))
        .hasMessage("load has a string in $a$ that does not end; close it with $a$");
    assertThatThrownBy(() -> LoadQuery.parse("select \"x from p where id = any(:id)", PRODUCT))
        .hasMessage("load has a quoted name that does not end; close it with \"");
  }

  @Test
  void refusesASecondStatement() {
    assertThatThrownBy(
            () -> LoadQuery.parse("select id from p where id = any(:id); drop table p", PRODUCT))
        .hasMessage("load has something after a ';'; write one query, without a ';'");
  }

  @Test
  void takesAColumnOfAnotherTableAsOneName() {
    KeyTemplate dotted = KeyTemplate.parse("price:{product.id}");

    assertThat(LoadQuery.parse("select id from p where id = any(:product.id)", dotted).parameters())
        .containsExactly("product.id");
  }

  @Test
  void findsExactlyTheParametersHoweverTheyAreSurrounded() {
    Cases.check(
        300,
        random -> {
          String[] pieces = {
            " ':id' ",
            " \":id\" ",
            " --:id\n",
            " /*:id*/ ",
            " $$:id$$ ",
            " a::int ",
            " (1) ",
            " x ",
            " E'\\':id' ",
            " ''':id' ",
            " $q$:id$q$ ",
            " arr[1:2] ",
            "\n",
            " , "
          };
          StringBuilder text = new StringBuilder();
          StringBuilder expected = new StringBuilder();
          List<String> parameters = new ArrayList<>();
          for (int i = 1 + random.nextInt(12); i > 0 || parameters.isEmpty(); i--) {
            if (random.nextInt(4) == 0) {
              text.append("any(:id)");
              expected.append("any(?)");
              parameters.add("id");
            } else {
              String piece = pieces[random.nextInt(pieces.length)];
              text.append(piece);
              expected.append(piece);
            }
          }

          LoadQuery query = LoadQuery.parse(text.toString(), PRODUCT);

          assertThat(query.parameters()).as("%s", text).isEqualTo(parameters);
          assertThat(query.sql()).isEqualTo(expected.toString());
        });
  }
}
