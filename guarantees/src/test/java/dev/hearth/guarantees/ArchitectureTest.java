package dev.hearth.guarantees;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Who may use whom; see CONTRIBUTING.md. */
@AnalyzeClasses(packages = "dev.hearth", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule modulesUseOnlyWhatTheyMay =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("schemas")
          .definedBy("dev.hearth.schemas..")
          .layer("chassis")
          .definedBy("dev.hearth.chassis..")
          .layer("sandbox")
          .definedBy("dev.hearth.sandbox..")
          .layer("store")
          .definedBy("dev.hearth.store..")
          .layer("client")
          .definedBy("dev.hearth.client..")
          .layer("ingest")
          .definedBy("dev.hearth.ingest..")
          .layer("invalidator")
          .definedBy("dev.hearth.invalidator..")
          .layer("warmer")
          .definedBy("dev.hearth.warmer..")
          .layer("cli")
          .definedBy("dev.hearth.cli..")
          .whereLayer("schemas")
          .mayNotAccessAnyLayer()
          .whereLayer("chassis")
          .mayNotAccessAnyLayer()
          .whereLayer("sandbox")
          .mayNotAccessAnyLayer()
          .whereLayer("store")
          .mayOnlyAccessLayers("schemas")
          .whereLayer("client")
          .mayOnlyAccessLayers("schemas", "store")
          .whereLayer("ingest")
          .mayOnlyAccessLayers("schemas", "chassis")
          .whereLayer("invalidator")
          .mayOnlyAccessLayers("schemas", "store", "chassis")
          .whereLayer("warmer")
          .mayOnlyAccessLayers("schemas", "store", "chassis")
          .whereLayer("cli")
          .mayNotBeAccessedByAnyLayer();

  @ArchTest
  static final ArchRule roomsOfIngestDoNotKnowOneAnother =
      slices().matching("dev.hearth.ingest.(*)..").should().notDependOnEachOther();

  @ArchTest
  static final ArchRule roomsOfTheInvalidatorDoNotKnowOneAnother =
      slices().matching("dev.hearth.invalidator.(*)..").should().notDependOnEachOther();

  @ArchTest
  static final ArchRule roomsOfTheWarmerDoNotKnowOneAnother =
      slices().matching("dev.hearth.warmer.(*)..").should().notDependOnEachOther();

  @ArchTest
  static final ArchRule roomsOfTheClientDoNotKnowOneAnother =
      slices().matching("dev.hearth.client.(*)..").should().notDependOnEachOther();

  @ArchTest
  static final ArchRule roomsOfTheStoreDoNotKnowOneAnother =
      slices().matching("dev.hearth.store.(*)..").should().notDependOnEachOther();

  @ArchTest
  static final ArchRule roomsOfTheChassisDoNotKnowOneAnother =
      slices().matching("dev.hearth.chassis.(*)..").should().notDependOnEachOther();

  @ArchTest
  static final ArchRule roomsOfTheCommandDoNotKnowOneAnother =
      slices().matching("dev.hearth.cli.(*)..").should().notDependOnEachOther();

  @ArchTest
  static final ArchRule schemasHaveNoCycles =
      slices().matching("dev.hearth.schemas.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule generatedClassesStayBehindTheCodec =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.hearth.schemas.codec..", "dev.hearth.schemas.wire..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.hearth.schemas.wire..");

  @ArchTest
  static final ArchRule namesSayWhatAThingIs =
      noClasses()
          .should()
          .haveNameMatching(".*\\.(Abstract[A-Z]\\w*|\\w*(Utils?|Helper|Manager|Impl))")
          .orShould()
          .resideInAnyPackage("..util..", "..utils..", "..common..", "..misc..", "..helper..");
}
