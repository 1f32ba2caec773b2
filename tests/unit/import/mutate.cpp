// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/import/mutate.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <limits>
#include <string>

namespace neuron::compiler {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

struct Site {
  Message* message;
  const FieldDescriptor* field;
};

// Every set field below `message`.
void Collect(Message* message, std::vector<Site>& sites) {
  const Reflection* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    sites.push_back({message, field});
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    }
    if (!field->is_repeated()) {
      Collect(reflection->MutableMessage(message, field), sites);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
      Collect(reflection->MutableRepeatedMessage(message, field, i), sites);
    }
  }
}

int64_t StrangeInt(int64_t value, std::mt19937& random) {
  const int64_t choices[] = {0,
                             1,
                             -1,
                             2,
                             value + 1,
                             value - 1,
                             -value,
                             value * 2,
                             int64_t{1} << 31,
                             int64_t{1} << 40,
                             std::numeric_limits<int64_t>::max(),
                             std::numeric_limits<int64_t>::min(),
                             static_cast<int64_t>(random() % 64)};
  return choices[random() % std::size(choices)];
}

float StrangeFloat(std::mt19937& random) {
  const float choices[] = {0.0F,
                           -1.0F,
                           1e30F,
                           -1e-30F,
                           std::numeric_limits<float>::infinity(),
                           std::numeric_limits<float>::quiet_NaN(),
                           0.5F};
  return choices[random() % std::size(choices)];
}

// Some string that occurs elsewhere in the model, so that names collide and dangle.
std::string StrangeString(const std::vector<Site>& sites, std::mt19937& random) {
  for (int attempt = 0; attempt < 20; ++attempt) {
    const Site& site = sites[random() % sites.size()];
    if (site.field->cpp_type() != FieldDescriptor::CPPTYPE_STRING ||
        site.field->name() == "raw_data") {
      continue;
    }
    const Reflection* reflection = site.message->GetReflection();
    if (!site.field->is_repeated()) {
      return reflection->GetString(*site.message, site.field);
    }
    const int size = reflection->FieldSize(*site.message, site.field);
    return reflection->GetRepeatedString(*site.message, site.field,
                                         static_cast<int>(random() % static_cast<unsigned>(size)));
  }
  return random() % 2 == 0 ? "" : "Softmax";
}

void MutateScalar(const Site& site, const std::vector<Site>& sites, std::mt19937& random) {
  Message* m = site.message;
  const FieldDescriptor* f = site.field;
  const Reflection* r = m->GetReflection();
  switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return r->SetInt32(m, f, static_cast<int32_t>(StrangeInt(r->GetInt32(*m, f), random)));
    case FieldDescriptor::CPPTYPE_INT64:
      return r->SetInt64(m, f, StrangeInt(r->GetInt64(*m, f) % (1LL << 40), random));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return r->SetFloat(m, f, StrangeFloat(random));
    case FieldDescriptor::CPPTYPE_ENUM:
      return r->SetEnumValue(m, f, static_cast<int>(random() % 14));
    case FieldDescriptor::CPPTYPE_STRING:
      return r->SetString(m, f, StrangeString(sites, random));
    default:
      return r->ClearField(m, f);
  }
}

void MutateRepeated(const Site& site, const std::vector<Site>& sites, std::mt19937& random) {
  Message* m = site.message;
  const FieldDescriptor* f = site.field;
  const Reflection* r = m->GetReflection();
  const int size = r->FieldSize(*m, f);
  const int at = static_cast<int>(random() % static_cast<unsigned>(size));
  switch (random() % 3) {
    case 0:
      return r->RemoveLast(m, f);
    case 1:
      return r->SwapElements(m, f, at, size - 1);
    default:
      break;
  }
  switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64:
      return r->SetRepeatedInt64(m, f, at,
                                 StrangeInt(r->GetRepeatedInt64(*m, f, at) % (1LL << 40), random));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return r->SetRepeatedFloat(m, f, at, StrangeFloat(random));
    case FieldDescriptor::CPPTYPE_STRING:
      return r->SetRepeatedString(m, f, at, StrangeString(sites, random));
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      Message* copy = r->GetRepeatedMessage(*m, f, at).New();
      copy->CopyFrom(r->GetRepeatedMessage(*m, f, at));
      r->AddAllocatedMessage(m, f, copy);
      return;
    }
    default:
      return;
  }
}

}  // namespace

void MutateBytes(std::vector<std::byte>& bytes, std::mt19937& random) {
  for (unsigned i = 0; i <= random() % 4 && !bytes.empty(); ++i) {
    const size_t at = random() % bytes.size();
    const auto here = bytes.begin() + static_cast<ptrdiff_t>(at);
    switch (random() % 5) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes.erase(here);
        break;
      case 2:
        bytes.insert(here, static_cast<std::byte>(random()));
        break;
      default:
        *here ^= static_cast<std::byte>(1U << random() % 8);
    }
  }
}

void MutateFields(onnx::ModelProto& model, std::mt19937& random) {
  for (unsigned i = 0; i <= random() % 3; ++i) {
    std::vector<Site> sites;
    Collect(&model, sites);
    if (sites.empty()) {
      return;
    }
    const Site& site = sites[random() % sites.size()];
    if (site.field->is_repeated()) {
      MutateRepeated(site, sites, random);
    } else {
      MutateScalar(site, sites, random);
    }
  }
}

}  // namespace neuron::compiler
