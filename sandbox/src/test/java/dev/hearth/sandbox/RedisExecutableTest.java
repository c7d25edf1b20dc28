package dev.hearth.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class RedisExecutableTest {

  @Test
  void prefersAnInstalledRedisOnlyWhenItIsNewer() {
    assertThat(RedisExecutable.isNewer("Redis server v=7.0.15 sha=00000000:0")).isTrue();
    assertThat(RedisExecutable.isNewer("Redis server v=6.2.12 sha=00000000:0")).isTrue();
    assertThat(RedisExecutable.isNewer("Redis server v=6.2.11 sha=00000000:0")).isFalse();
    assertThat(RedisExecutable.isNewer("Redis server v=6.0.16 sha=00000000:0")).isFalse();
    assertThat(RedisExecutable.isNewer("something else")).isFalse();
  }
}
