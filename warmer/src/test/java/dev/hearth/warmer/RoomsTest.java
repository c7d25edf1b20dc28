package dev.hearth.warmer;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The rooms meet only in the root package. */
class RoomsTest {
  @Test
  void roomsDoNotImportOneAnother() {
    JavaClasses classes =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.hearth.warmer");

    slices().matching("dev.hearth.warmer.(*)..").should().notDependOnEachOther().check(classes);
  }
}
