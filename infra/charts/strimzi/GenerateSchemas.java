import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Quantity;
import io.strimzi.api.kafka.model.kafka.Kafka;
import io.strimzi.api.kafka.model.nodepool.KafkaNodePool;
import io.strimzi.api.kafka.model.topic.KafkaTopic;
import io.strimzi.api.kafka.model.user.KafkaUser;
import io.strimzi.crdgenerator.annotations.Maximum;
import io.strimzi.crdgenerator.annotations.Minimum;
import io.strimzi.crdgenerator.annotations.MinimumItems;
import io.strimzi.crdgenerator.annotations.Pattern;
import io.strimzi.crdgenerator.annotations.PresentInVersions;
import io.strimzi.crdgenerator.annotations.RequiredInVersions;
import java.io.File;
import java.lang.annotation.Annotation;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Writes the CustomResourceDefinitions of Strimzi's kinds from its published model classes, version v1 only: fields, types,
 * enumerations, ranges, patterns and what is required. Strimzi's own generator is not published, and so neither its rules in
 * the Common Expression Language nor its alternatives (OneOf) are in what this writes.
 */
final class GenerateSchemas {
    private static final String VERSION = "v1";
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private final Deque<Class<?>> under = new ArrayDeque<>();

    public static void main(String[] args) throws Exception {
        YAMLMapper yaml = new YAMLMapper(YAMLMapper.builder().build().getFactory()
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES).enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
            .enable(YAMLGenerator.Feature.INDENT_ARRAYS_WITH_INDICATOR));
        Map<String, Class<?>> kinds = Map.of(
            "Kafka", Kafka.class, "KafkaNodePool", KafkaNodePool.class,
            "KafkaTopic", KafkaTopic.class, "KafkaUser", KafkaUser.class);
        for (Map.Entry<String, Class<?>> kind : new TreeMap<>(kinds).entrySet()) {
            String plural = kind.getKey().toLowerCase() + "s";
            yaml.writeValue(new File(args[0], "kafka.strimzi.io_" + plural + ".yaml"),
                definition(kind.getKey(), plural, new GenerateSchemas().schema(MAPPER.constructType(kind.getValue()))));
        }
    }

    private static Map<String, Object> definition(String kind, String plural, Map<String, Object> schema) {
        @SuppressWarnings("unchecked")
        Map<String, Object> properties = (Map<String, Object>) schema.get("properties");
        properties.put("metadata", Map.of("type", "object"));
        Map<String, Object> version = ordered("name", VERSION, "served", true, "storage", true,
            "schema", Map.of("openAPIV3Schema", schema));
        return ordered("apiVersion", "apiextensions.k8s.io/v1", "kind", "CustomResourceDefinition",
            "metadata", Map.of("name", plural + ".kafka.strimzi.io"),
            "spec", ordered("group", "kafka.strimzi.io", "names", ordered("kind", kind, "plural", plural),
                "scope", "Namespaced", "versions", List.of(version)));
    }

    private Map<String, Object> schema(JavaType type) {
        Class<?> raw = type.getRawClass();
        if (raw == Quantity.class || raw == IntOrString.class) return ordered("x-kubernetes-int-or-string", true);
        if (raw == String.class) return ordered("type", "string");
        if (raw == Boolean.class || raw == boolean.class) return ordered("type", "boolean");
        if (raw == Double.class || raw == double.class || raw == Float.class || raw == float.class) return ordered("type", "number");
        if (Number.class.isAssignableFrom(raw) || raw.isPrimitive()) return ordered("type", "integer");
        if (raw.isEnum()) return ordered("type", "string", "enum", names(raw));
        if (type.isCollectionLikeType()) return ordered("type", "array", "items", schema(type.getContentType()));
        if (type.isMapLikeType()) {
            if (type.getContentType().getRawClass() == Object.class) return ordered("type", "object", "x-kubernetes-preserve-unknown-fields", true);
            return ordered("type", "object", "additionalProperties", schema(type.getContentType()));
        }
        if (raw == Object.class || raw.getName().endsWith("JsonNode") || under.contains(raw)) return ordered("x-kubernetes-preserve-unknown-fields", true);
        under.push(raw);
        try {
            return bean(type);
        } finally {
            under.pop();
        }
    }

    private Map<String, Object> bean(JavaType type) {
        Map<String, Object> properties = new TreeMap<>();
        TreeSet<String> required = new TreeSet<>();
        JsonSubTypes subTypes = type.getRawClass().getAnnotation(JsonSubTypes.class);
        if (subTypes == null) {
            collect(type, properties, required);
        } else {
            // As Strimzi does: one object with the fields of all alternatives, and `type` says which.
            List<String> names = new ArrayList<>();
            for (JsonSubTypes.Type alternative : subTypes.value()) {
                names.add(alternative.name());
                collect(MAPPER.constructType(alternative.value()), properties, new TreeSet<>());
            }
            String discriminator = type.getRawClass().getAnnotation(JsonTypeInfo.class).property();
            properties.put(discriminator, ordered("type", "string", "enum", names));
            required.add(discriminator);
        }
        Map<String, Object> schema = ordered("type", "object");
        schema.put("properties", properties);
        if (!required.isEmpty()) schema.put("required", List.copyOf(required));
        return schema;
    }

    private void collect(JavaType type, Map<String, Object> properties, TreeSet<String> required) {
        // What may be written is what the setters say; the annotations are on the getters, which Jackson shows a writer only.
        Map<String, AnnotatedMember> getters = new TreeMap<>();
        for (BeanPropertyDefinition property : MAPPER.getSerializationConfig().introspect(type).findProperties())
            getters.put(property.getName(), property.getGetter());
        for (BeanPropertyDefinition property : MAPPER.getDeserializationConfig().introspect(type).findProperties()) {
            if (under.size() == 1 && property.getName().equals("status")) continue;
            AnnotatedMember getter = getters.get(property.getName());
            if (!isPresent(annotation(getter, property, PresentInVersions.class))) continue;
            Map<String, Object> schema = schema(property.getPrimaryType());
            Minimum minimum = annotation(getter, property, Minimum.class);
            Maximum maximum = annotation(getter, property, Maximum.class);
            Pattern pattern = annotation(getter, property, Pattern.class);
            MinimumItems items = annotation(getter, property, MinimumItems.class);
            if (minimum != null) schema.put("minimum", minimum.value());
            if (maximum != null) schema.put("maximum", maximum.value());
            if (pattern != null) schema.put("pattern", pattern.value());
            if (items != null) schema.put("minItems", items.value());
            properties.put(property.getName(), schema);
            RequiredInVersions inVersions = annotation(getter, property, RequiredInVersions.class);
            if (property.isRequired() || (inVersions != null && includes(inVersions.value()))) required.add(property.getName());
        }
    }

    private static boolean isPresent(PresentInVersions versions) {
        return versions == null || includes(versions.value());
    }

    /** Strimzi's ranges: "v1beta2", "v1+", "v1beta2-v1", "all". */
    private static boolean includes(String range) {
        return switch (range) {
            case "v1", "v1+", "v1beta2+", "v1beta2-v1", "all" -> true;
            case "v1beta2", "v1alpha1-v1beta2", "v1alpha1+v1beta2" -> false;
            default -> throw new IllegalArgumentException("a range of versions that is not known: " + range);
        };
    }

    private static <A extends Annotation> A annotation(AnnotatedMember getter, BeanPropertyDefinition property, Class<A> wanted) {
        for (AnnotatedMember member : new AnnotatedMember[] {getter, property.getField(), property.getSetter()}) {
            if (member != null && member.getAnnotated().isAnnotationPresent(wanted)) return member.getAnnotated().getAnnotation(wanted);
        }
        return null;
    }

    private static List<String> names(Class<?> enumeration) {
        List<String> names = new ArrayList<>();
        for (Object constant : enumeration.getEnumConstants()) names.add(MAPPER.convertValue(constant, String.class));
        return names;
    }

    private static Map<String, Object> ordered(Object... pairs) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) map.put((String) pairs[i], pairs[i + 1]);
        return map;
    }
}
