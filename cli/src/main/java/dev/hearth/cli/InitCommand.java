package dev.hearth.cli;

import dev.hearth.chassis.StartupException;
import dev.hearth.cli.init.OwnerSql;
import dev.hearth.cli.init.SchemaReader;
import dev.hearth.cli.init.StarterConfig;
import dev.hearth.cli.init.Table;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A first configuration from a live schema; or the SQL that the database's owner must run. */
@Command(
    name = "init",
    description =
        "Reads a schema and writes a commented configuration with a cache and a rule per table; or"
            + " prints what the database's owner must run.",
    mixinStandardHelpOptions = true)
final class InitCommand implements Callable<Integer> {
  private static final String SECONDS = "10";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--jdbc",
      paramLabel = "URL",
      defaultValue = "${env:HEARTH_JDBC}",
      description = "The database, such as jdbc:postgresql://localhost:5432/shop.")
  private @Nullable String url;

  @Option(
      names = "--user",
      paramLabel = "NAME",
      defaultValue = "${env:HEARTH_DB_USER:-hearth}",
      description =
          "Role to read the schema with, and that Hearth will use; default: ${DEFAULT-VALUE}."
              + " Its password comes from HEARTH_DB_PASSWORD.")
  private String user = "hearth";

  @Option(
      names = "--sql",
      description = "Prints the SQL for the owner instead: role, grants, publication, slot.")
  private boolean sql;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      defaultValue = "hearth.yaml",
      description =
          "Where to write; - for the screen; default: ${DEFAULT-VALUE}. Never overwritten.")
  private String out = "hearth.yaml";

  @Override
  public Integer call() throws IOException {
    Logging.off();
    PrintWriter screen = spec.commandLine().getOut();
    if (sql) {
      screen.print(
          OwnerSql.script(user, "hearth", "hearth", url == null ? List.of() : tables(url)));
      screen.flush();
      return 0;
    }
    if (url == null) {
      throw new ParameterException(
          spec.commandLine(),
          "init wants --jdbc URL of the database whose schema it reads, or --sql");
    }
    List<Table> tables = tables(url);
    if (tables.isEmpty()) {
      throw new StartupException(
          "--jdbc: role \""
              + user
              + "\" sees no table in "
              + url
              + "; GRANT SELECT, or name the owner",
          Hearth.FAILED);
    }
    String yaml = StarterConfig.yaml(url, user, tables);
    if (out.equals("-")) {
      screen.print(yaml);
    } else {
      write(Path.of(out), yaml);
      screen.println(
          "Wrote "
              + out
              + " with "
              + tables.size()
              + " tables. Take out what you do not cache, then:");
      screen.println("  hearth validate --config " + out);
    }
    screen.flush();
    return 0;
  }

  private static void write(Path file, String yaml) throws IOException {
    try {
      Files.writeString(file, yaml, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    } catch (FileAlreadyExistsException e) {
      throw new StartupException(
          file
              + " is there already and stays as it is; choose another with --out, or --out - for the screen",
          Hearth.USAGE);
    }
  }

  private List<Table> tables(String from) {
    Properties properties = new Properties();
    properties.setProperty("user", user);
    properties.setProperty("connectTimeout", SECONDS);
    properties.setProperty("socketTimeout", SECONDS);
    String password = System.getenv("HEARTH_DB_PASSWORD");
    if (password != null) {
      properties.setProperty("password", password);
    }
    try (Connection connection = DriverManager.getConnection(from, properties)) {
      return SchemaReader.read(connection);
    } catch (SQLException e) {
      throw new StartupException(
          "--jdbc: "
              + from
              + " cannot be read as \""
              + user
              + "\" ("
              + e.getMessage()
              + "); check the address, --user and HEARTH_DB_PASSWORD",
          Hearth.FAILED,
          e);
    }
  }
}
