# Kafka Connect with Debezium's connector for PostgreSQL: Kafka's own image, and the connector from Maven Central.
FROM maven:3.9.9-eclipse-temurin-17 AS connector
RUN mvn --batch-mode --no-transfer-progress org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
      -Dartifact=io.debezium:debezium-connector-postgres:3.7.0.Final:tar.gz:plugin -DoutputDirectory=/archive \
    && mkdir /debezium && tar -xzf /archive/*.tar.gz -C /debezium

FROM apache/kafka:4.1.2
COPY --from=connector /debezium /opt/debezium
COPY connect.properties /etc/kafka-connect/
EXPOSE 8083
ENTRYPOINT ["/opt/kafka/bin/connect-distributed.sh", "/etc/kafka-connect/connect.properties"]
